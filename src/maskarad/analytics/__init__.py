"""Statistics in words and pictures: /stats and /analytics. Pictures are drawn in a process of their own."""
