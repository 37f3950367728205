"""What a call costs: ratios against a floor and against peers, measured in one run.

`make bench` prints them, and writes `latest.md` with its pictures. Each contender runs
in a process of its own and reports its own CPU time. The contenders take turns, so that
a busy machine slows all of them alike. pyperf runs the rounds and keeps the values; a
figure is the median of their ratios. All traffic is keep-alive TLS on this machine.
"""
