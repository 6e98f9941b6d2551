/* The walk of mmdb_walk.h: in depth, left before right, with a pile in the place of recursion. */
#include "geo/mmdb_walk.h"

#include <string.h>

/* What waits on the pile: a node, or a value that lies to the right of what is looked at. A walk in depth leaves at most
 * one behind at each bit. */
struct branch {
	uint64_t node;
	unsigned depth;
	bool is_leaf;
	uint32_t value; /* of a leaf: where it stands in the data */
	uint8_t bits[16];
};

#define BRANCHES_MAX 130

struct walk {
	const MMDB_s *mmdb;
	const struct mmdb_leaf_taker *taker;
	unsigned depth_max;
	size_t waiting;
	struct branch branches[BRANCHES_MAX];
};

/* The first 96 bits are zero: in an IPv6 tree that is where IPv4 is. */
static bool is_v4(const uint8_t bits[16])
{
	static const uint8_t zero[12];
	return !memcmp(bits, zero, sizeof zero);
}

static int emit(const struct walk *walk, struct branch *leaf)
{
	struct addr start = {0}, end = {0};
	bool inner = walk->depth_max == 128 && leaf->depth >= 96 && is_v4(leaf->bits);
	unsigned skipped = inner ? 96 : 0;
	start.family = end.family = walk->depth_max - skipped == 32 ? 4 : 6;
	size_t size = start.family == 4 ? 4 : 16;
	memcpy(start.bytes, leaf->bits + skipped / 8, size);
	memcpy(end.bytes, start.bytes, size);
	unsigned depth = leaf->depth - skipped;
	if (depth < size * 8) {
		end.bytes[depth / 8] |= (uint8_t)(0xffu >> (depth % 8));
		memset(end.bytes + depth / 8 + 1, 0xff, size - depth / 8 - 1);
	}
	MMDB_entry_s value = {.mmdb = walk->mmdb, .offset = leaf->value};
	return walk->taker->take(walk->taker->data, &start, &end, &value);
}

static bool is_alias(const struct walk *walk, uint64_t node, const uint8_t bits[16])
{
	const MMDB_ipv4_start_node_s *v4 = &walk->mmdb->ipv4_start_node;
	return walk->depth_max == 128 && v4->netmask == 96 && node == v4->node_value && !is_v4(bits);
}

static bool push(struct walk *walk, const struct branch *from, bool right, uint64_t record,
                 uint8_t type, const MMDB_entry_s *entry)
{
	struct branch next = *from;
	next.depth++;
	next.node = record;
	next.is_leaf = type == MMDB_RECORD_TYPE_DATA;
	next.value = entry->offset;
	if (right)
		next.bits[from->depth / 8] |= (uint8_t)(0x80u >> (from->depth % 8));
	if (!next.is_leaf &&
	    (type != MMDB_RECORD_TYPE_SEARCH_NODE || is_alias(walk, record, next.bits)))
		return true;
	if ((!next.is_leaf && next.depth == walk->depth_max) || walk->waiting == BRANCHES_MAX)
		return false;
	walk->branches[walk->waiting++] = next;
	return true;
}

int mmdb_walk(const MMDB_s *mmdb, const struct mmdb_leaf_taker *taker, const char **fault)
{
	struct walk walk = {.mmdb = mmdb, .taker = taker, .waiting = 1};
	uint64_t visits = mmdb->metadata.node_count; /* left; a tree has no more than its nodes */
	int error = PF_OK;
	walk.depth_max = mmdb->metadata.ip_version == 4 ? 32 : 128;
	walk.branches[0] = (struct branch){0};
	*fault = NULL;
	while (walk.waiting && error == PF_OK) {
		struct branch branch = walk.branches[--walk.waiting];
		MMDB_search_node_s node;
		if (branch.is_leaf) {
			error = emit(&walk, &branch);
			continue;
		}
		if (!visits-- || MMDB_read_node(mmdb, (uint32_t)branch.node, &node) != MMDB_SUCCESS) {
			*fault = "its search tree leads to the same node by many ways";
			return PF_EINVAL;
		}
		if (!push(&walk, &branch, true, node.right_record, node.right_record_type,
		          &node.right_record_entry) ||
		    !push(&walk, &branch, false, node.left_record, node.left_record_type,
		          &node.left_record_entry)) {
			*fault = "its search tree is deeper than an address is long";
			return PF_EINVAL;
		}
	}
	return error;
}
