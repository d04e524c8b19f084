"""Who may do what: the matrix of every socket event and REST route against everybody who might try it."""
