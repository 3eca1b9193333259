"""How everything grows with the patch: circuits, preparation, engines, trainability and detection, part by part.

`study.run_scaling` measures what a `plan.ScalingPlan` asks for, as a kind of study: each point is a cell of a results
file, which only grows. `tables` makes tables and growth laws of the rows, `report` the page.
"""
