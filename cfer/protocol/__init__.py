"""Protocol that training and evaluation both read: streams of class-incremental steps, and the benchmark's protocol."""
