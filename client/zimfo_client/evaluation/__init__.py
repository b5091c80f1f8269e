"""`zimfo eval`: questions with what a right answer must and must not hold, put to the agent as a person puts them."""
