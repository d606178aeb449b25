"""Exports of Telegram Desktop as people have them, read in one stream: whatever stands in them, nothing but
ExportRefused comes out."""
