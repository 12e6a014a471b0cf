"""Import from and export to ONNX files."""

from .files import from_onnx, to_onnx

__all__ = ["from_onnx", "to_onnx"]
