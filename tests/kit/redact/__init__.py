"""Tests of the redactor and the labelled corpus that they measure it on."""
