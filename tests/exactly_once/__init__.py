"""The journal, the inbox and the once methods: whatever happens, money moves once."""
