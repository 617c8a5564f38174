"""What is kept between commands, and how it is told that an answer still holds."""
