"""What a running repository needs: its files watched, loaded and checked, and its log explained."""
