"""Public notices: lists that everybody may read and object to before money is given."""
