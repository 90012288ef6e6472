"""What the shop sells: how it is shown, what is recommended of it, who waits for it, what its customers teach."""
