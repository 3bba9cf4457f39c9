class Solution:
    def sorted_list_to_bst(self, head):
        values = []
        while head:
            values.append(head.val)
            head = head.next

        def build(low, high):
            if low >= high:
                return None
            middle = (low + high) // 2
            return TreeNode(values[middle], build(low, middle), build(middle + 1, high))

        return build(0, len(values))
