"""The paper's tables and figures beside ours, the authors' files beside ours, and what each departure does."""
