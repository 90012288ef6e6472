"""What is known of a person, folded from events: who they are, what they bought, what they allow, where they live."""
