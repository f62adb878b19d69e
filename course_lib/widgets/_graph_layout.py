"""Where the nodes of a graph stand: in columns from the inputs to the output, so that no wire hides a node.

A wire that passes a column gets a place of its own there, as a node does. The order within a column is the one with
the fewest crossings that a few sweeps find (each node goes to the middle of its neighbours); heights are then as near
to the neighbours' as the gaps allow. Everything is deterministic: one graph has one picture.
"""

LEFT = 6  # up to so many inputs stand in the first column; of more, each stands beside the node that reads it first
PORT = 22 / 82  # half the distance of two inputs of a gate, in lanes; a lane is the height that one node takes


def wires_of(inputs):
    """Return the wires of a graph, (source, reader, which input), in the order that all lists of wires keep."""
    return [(source, reader, port) for reader, read in enumerate(inputs) for port, source in enumerate(read)]


def arrange(inputs):
    """Return the layout of a graph as plain lists.

    Arguments:
        inputs  list: for each node the handles of the nodes it reads, all smaller than its own
    Returns:
        dict: column and lane of each node; for each wire the lanes at which it passes the columns in between (passes)
        and its place among the reader's inputs from top to bottom (slots); how many columns and lanes there are
    """
    wires = wires_of(inputs)
    column = _columns(inputs, wires)
    layers, chains, links = _with_passes(column, wires)
    _uncross(layers, links)
    lane = _heights(layers, links, _room(inputs, wires))
    top = min(lane.values())
    lane = {vertex: y - top for vertex, y in lane.items()}
    slots = [0] * len(wires)
    for reader in range(len(inputs)):
        arriving = [(lane[chain[-2]], wires[w][2], w) for w, chain in enumerate(chains) if wires[w][1] == reader]
        for slot, (_, _, w) in enumerate(sorted(arriving)):
            slots[w] = slot
    return {
        "column": column,
        "lane": [round(lane[handle], 4) for handle in range(len(inputs))],
        "passes": [[round(lane[vertex], 4) for vertex in chain[1:-1]] for chain in chains],
        "slots": slots,
        "columns": max(column) + 1,
        "lanes": round(max(lane.values()), 4),
    }


def _columns(inputs, wires):
    """The longest way from an input to each node; inputs on the left, or near what reads them where they are many."""
    column = []
    for read in inputs:
        column.append(1 + max((column[source] for source in read), default=-1))
    leaves = [handle for handle, read in enumerate(inputs) if not read]
    if len(leaves) > LEFT:
        for leaf in leaves:
            column[leaf] = min((column[reader] for source, reader, _ in wires if source == leaf), default=1) - 1
    return column


def _with_passes(column, wires):
    """The vertices of each column, nodes and passing wires; each wire as a chain of them; neighbours on both sides."""
    layers = [[] for _ in range(max(column) + 1)]
    for handle, at in enumerate(column):
        layers[at].append(handle)
    chains, links = [], {handle: ([], []) for handle in range(len(column))}
    for w, (source, reader, _) in enumerate(wires):
        passing = [("wire", w, at) for at in range(column[source] + 1, column[reader])]
        for vertex in passing:
            layers[vertex[2]].append(vertex)
            links[vertex] = ([], [])
        chains.append([source, *passing, reader])
        for left, right in zip(chains[-1], chains[-1][1:]):
            links[right][0].append(left)
            links[left][1].append(right)
    return layers, chains, links


def _crossings(layers, links):
    place = {vertex: i for layer in layers for i, vertex in enumerate(layer)}
    count = 0
    for layer in layers[:-1]:
        ends = [(place[vertex], place[right]) for vertex in layer for right in links[vertex][1]]
        count += sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(ends) for c, d in ends[i + 1 :])
    return count


def _uncross(layers, links):
    """Sort the columns in place: sweeps to the right and to the left, and the best order that came up."""
    best, found = _crossings(layers, links), [list(layer) for layer in layers]
    for sweep in range(12):
        side = sweep % 2  # 0: by the neighbours on the left
        for layer in layers if side == 0 else layers[::-1]:
            place = {vertex: i for other in layers for i, vertex in enumerate(other)}
            middle = {
                vertex: sum(place[n] for n in links[vertex][side]) / len(links[vertex][side])
                if links[vertex][side]
                else place[vertex]
                for vertex in layer
            }
            layer.sort(key=middle.get)
        if (now := _crossings(layers, links)) < best:
            best, found = now, [list(layer) for layer in layers]
        if best == 0:
            break
    for layer, order in zip(layers, found):
        layer[:] = order


def _room(inputs, wires):
    """Half the height that each node takes, in lanes: more where it has many inputs, or a sum is written below it."""
    reads = [sum(source == handle for source, _, _ in wires) for handle in range(len(inputs))]
    return {
        handle: max(0.67 if reads[handle] > 1 else 0.5, PORT * (len(read) - 1) + 0.27)
        for handle, read in enumerate(inputs)
    }


def _heights(layers, links, room):
    """A lane for each vertex: as near to the mean of its neighbours' lanes as order and gaps allow."""
    gaps = [[0.0, *(room.get(a, 0.18) + room.get(b, 0.18) for a, b in zip(layer, layer[1:]))] for layer in layers]
    lane = {}
    for layer, between in zip(layers, gaps):
        at = 0.0
        for vertex, gap in zip(layer, between):
            at += gap
            lane[vertex] = at
        for vertex in layer:
            lane[vertex] -= at / 2
    for sweep in range(24):
        forth = sweep % 2 == 1
        for layer, between in list(zip(layers, gaps))[:: 1 if forth else -1]:
            wanted = []
            for vertex in layer:
                left, right = links[vertex]
                near = left if sweep == 23 and left else left + right  # in the end, in the middle of what it reads
                wanted.append(sum(lane[n] for n in near) / len(near) if near else lane[vertex])
            lane.update(zip(layer, _spread(wanted, between)))
    return lane


def _spread(wanted, gaps):
    """The heights nearest to those wanted, in this order, at least the gaps apart (least squares, by pooling)."""
    starts, blocks = [], []  # a block is a run of vertices that touch: [sum of what it wants, how many]
    at = 0.0
    for want, gap in zip(wanted, gaps):
        at += gap
        starts.append(at)
        blocks.append([want - at, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + count]
    placed = [total / count for total, count in blocks for _ in range(count)]
    return [base + start for base, start in zip(placed, starts)]
