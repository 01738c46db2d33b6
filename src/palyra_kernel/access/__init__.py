"""Who may act: principals, their roles, and who speaks for whom."""
