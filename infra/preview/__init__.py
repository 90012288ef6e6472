"""Workflows to look at before a customer lives them: their maps, a customer's timeline, their mails."""
