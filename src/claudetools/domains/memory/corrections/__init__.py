"""What is said anew corrects what memory said before; what is wrong, over or unwanted is recalled no more."""
