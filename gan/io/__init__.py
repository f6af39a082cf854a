"""Bytes in and out: files that other processes read and write, and images as bytes. numpy and Pillow."""
