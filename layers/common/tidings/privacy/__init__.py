"""What a person may ask of what is kept about them: to see it, to have it erased.

`belongings` finds all of it, `erasing` and `exporting` do something with it, `desk` takes the requests, and `gate`
keeps the fold from bringing an erased person back. Only the function `erase_customer` may delete.
"""
