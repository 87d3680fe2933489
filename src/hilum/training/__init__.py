"""The torch room: networks, losses, augmentation, loader, loop, cross-validation, export."""
