class Solution:
    def all_paths_source_target(self, graph):
        found, waiting = [], [[0]]
        while waiting:
            path = waiting.pop()
            if path[-1] == len(graph) - 1:
                found.append(path)
            waiting += [[*path, node] for node in graph[path[-1]]]
        return found
