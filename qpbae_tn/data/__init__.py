"""From image files, folders and the bundled photographs to arrays of grey images and masks."""
