class Solution:
    def flatten(self, head):
        nodes, waiting = [], [head] if head else []
        while waiting:
            node = waiting.pop()
            nodes.append(node)
            waiting += [after for after in (node.next, node.child) if after]
            node.child = None
        for node, after in zip(nodes, nodes[1:]):
            node.next, after.prev = after, node
        return head
