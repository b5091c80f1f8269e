"""The shipped profiles, as TOML files, and what is made of profiles besides prompts: learning, templates, checks."""
