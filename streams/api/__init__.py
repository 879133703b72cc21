"""The read side, `pulse api`: what workers publish, as JSON, as a live stream, and as history.

Knows the outbound topics and those that describe creators and campaigns. Must not know how a score
or an alert comes about; it computes neither, and writes nothing but commands of people.
"""
