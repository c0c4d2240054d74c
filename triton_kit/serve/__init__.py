"""What a running repository needs: watching its files, loading it on the CPU."""
