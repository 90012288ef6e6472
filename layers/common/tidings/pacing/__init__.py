"""Whether a mail may go now: how often and at what hours a person is mailed, and what SES and a workflow's own
reputation let through.
"""
