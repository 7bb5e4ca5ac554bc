"""What all rooms stand on: errors, checks, files, random numbers, and the compiled library's conventions."""
