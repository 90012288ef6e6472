"""What an operator does: deploy to AWS and destroy again, refold a customer, replay what was put aside."""
