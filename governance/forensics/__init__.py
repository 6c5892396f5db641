"""Forensics: whose clip is this, how sure are we, and which yes does it lead back to?"""
