/* Walks the search tree of an ASN database once and turns its leaves into ranges, so that it needs no more memory and time than
 * a CSV file of the same content. */
#include "geo/control_mmdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geo/mmdb.h"

/* One branch that waits. A walk in depth leaves at most one behind at each bit. */
struct branch {
	uint64_t node;
	unsigned depth;
	uint8_t bits[16];
};

#define BRANCHES_MAX 130

struct walk {
	const MMDB_s *mmdb;
	const struct as_range_taker *taker;
	unsigned depth_max;
	uint64_t visits; /* left; a tree has no more than its nodes */
	size_t count;
	struct branch branches[BRANCHES_MAX];
	const char *fault; /* when the walk ends with PF_EINVAL */
};

/* "AS15169", or a number as text. */
static uint32_t parse_asn(const char *text, size_t length)
{
	char digits[12];
	unsigned long number;
	if (length > 2 && (text[0] | 32) == 'a' && (text[1] | 32) == 's') {
		text += 2;
		length -= 2;
	}
	if (!length || length >= sizeof digits || *text < '0' || *text > '9')
		return 0;
	memcpy(digits, text, length);
	digits[length] = '\0';
	char *rest;
	number = strtoul(digits, &rest, 10);
	return *rest || number > UINT32_MAX ? 0 : (uint32_t)number;
}

static uint32_t read_asn(MMDB_entry_s *entry)
{
	static const char *const keys[] = {"autonomous_system_number", "asn"};
	for (size_t i = 0; i < PF_COUNT(keys); i++) {
		MMDB_entry_data_s data;
		if (MMDB_get_value(entry, &data, keys[i], NULL) != MMDB_SUCCESS || !data.has_data)
			continue;
		switch (data.type) {
		case MMDB_DATA_TYPE_UINT16: return data.uint16;
		case MMDB_DATA_TYPE_UINT32: return data.uint32;
		case MMDB_DATA_TYPE_UTF8_STRING: return parse_asn(data.utf8_string, data.data_size);
		default: break;
		}
	}
	return 0;
}

static bool names_network(MMDB_entry_s *entry)
{
	return read_asn(entry) != 0;
}

static void read_organisation(MMDB_entry_s *entry, struct as_range *range)
{
	static const char *const keys[] = {"autonomous_system_organization", "as_name", "name"};
	range->organisation = "";
	for (size_t i = 0; i < PF_COUNT(keys) && !range->organisation_length; i++) {
		MMDB_entry_data_s data;
		if (MMDB_get_value(entry, &data, keys[i], NULL) != MMDB_SUCCESS || !data.has_data ||
		    data.type != MMDB_DATA_TYPE_UTF8_STRING)
			continue;
		range->organisation = data.utf8_string;
		range->organisation_length = data.data_size;
	}
}

/* The first 96 bits are zero: in an IPv6 tree that is where IPv4 is. */
static bool is_v4(const uint8_t bits[16])
{
	static const uint8_t zero[12];
	return !memcmp(bits, zero, sizeof zero);
}

static int emit(struct walk *walk, const uint8_t bits[16], unsigned length, MMDB_entry_s *entry)
{
	struct as_range range = {.asn = read_asn(entry)};
	unsigned skipped = walk->depth_max == 128 && length >= 96 && is_v4(bits) ? 96 : 0;
	if (!range.asn)
		return PF_OK;
	range.start.family = range.end.family = walk->depth_max - skipped == 32 ? 4 : 6;
	size_t size = range.start.family == 4 ? 4 : 16;
	memcpy(range.start.bytes, bits + skipped / 8, size);
	memcpy(range.end.bytes, range.start.bytes, size);
	for (unsigned bit = length - skipped; bit < size * 8; bit++)
		range.end.bytes[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
	read_organisation(entry, &range);
	walk->count++;
	return walk->taker->take(walk->taker->data, &range);
}

/* IPv6 trees lead several prefixes (6to4, mapped addresses) to the IPv4 addresses: those are unwrapped before
 * they are asked for. */
static bool is_alias(const struct walk *walk, uint64_t node, const uint8_t bits[16])
{
	return walk->depth_max == 128 && walk->mmdb->ipv4_start_node.netmask == 96 &&
	       node == walk->mmdb->ipv4_start_node.node_value && !is_v4(bits);
}

static int follow(struct walk *walk, const struct branch *from, bool right, uint64_t record,
                  uint8_t type, MMDB_entry_s *entry, size_t *waiting)
{
	struct branch next = *from;
	next.depth++;
	next.node = record;
	if (right)
		next.bits[from->depth / 8] |= (uint8_t)(0x80u >> (from->depth % 8));
	if (type == MMDB_RECORD_TYPE_DATA)
		return emit(walk, next.bits, next.depth, entry);
	if (type != MMDB_RECORD_TYPE_SEARCH_NODE || is_alias(walk, record, next.bits))
		return PF_OK;
	if (next.depth == walk->depth_max || *waiting == BRANCHES_MAX) {
		walk->fault = "its search tree is deeper than an address is long";
		return PF_EINVAL;
	}
	walk->branches[(*waiting)++] = next;
	return PF_OK;
}

static int walk_tree(struct walk *walk)
{
	size_t waiting = 1;
	int error = PF_OK;
	walk->branches[0] = (struct branch){0};
	while (waiting && error == PF_OK) {
		struct branch branch = walk->branches[--waiting];
		MMDB_search_node_s node;
		if (!walk->visits-- ||
		    MMDB_read_node(walk->mmdb, (uint32_t)branch.node, &node) != MMDB_SUCCESS) {
			walk->fault = "its search tree leads to the same node by many ways";
			return PF_EINVAL;
		}
		error = follow(walk, &branch, true, node.right_record, node.right_record_type,
		               &node.right_record_entry, &waiting);
		if (error == PF_OK)
			error = follow(walk, &branch, false, node.left_record, node.left_record_type,
			               &node.left_record_entry, &waiting);
	}
	return error;
}

static int tell(const struct config_path *path, const char *file, struct diag *diag, int error,
                const char *fault)
{
	diag_error(
		diag, file, path->pos.line, path->pos.column,
		"the table of networks %s can not be used: %s; an mmdb file of AS numbers or a CSV file of "
		"start,end,asn,organisation is expected here",
		path->path, fault);
	return error;
}

int control_read_mmdb(const struct config_path *path, const char *file, struct diag *diag,
                      const struct as_range_taker *taker, int64_t *built_us)
{
	char fault[MMDB_FAULT_MAX];
	size_t networks;
	MMDB_s mmdb;
	int error = mmdb_open(path->path, names_network, &mmdb, &networks, fault);
	if (error != PF_OK)
		return tell(path, file, diag, error, fault);
	if (!networks) {
		snprintf(fault, sizeof fault, "it names no AS number (it is a %.64s database)",
		         mmdb.metadata.database_type);
		MMDB_close(&mmdb);
		return tell(path, file, diag, PF_EINVAL, fault);
	}
	struct walk walk = {.mmdb = &mmdb, .taker = taker, .visits = mmdb.metadata.node_count};
	walk.depth_max = mmdb.metadata.ip_version == 4 ? 32 : 128;
	error = walk_tree(&walk);
	*built_us = mmdb_built_us(&mmdb);
	MMDB_close(&mmdb);
	return walk.fault ? tell(path, file, diag, error, walk.fault) : error;
}
