/* The decoder of mmdb_data.h. It reads every value once and keeps none. */
#include "geo/mmdb_data.h"

#include <stdlib.h>
#include <string.h>

/* Each byte starts at most one value, and a value is decoded again only where a record points into
 * another one. A file that needs more decodes than this was made to hold up whoever reads it. */
#define DECODES_PER_BYTE 4
#define DECODES_SPARE 1024

enum type {
	TYPE_EXTENDED,
	TYPE_POINTER,
	TYPE_STRING,
	TYPE_DOUBLE,
	TYPE_BYTES,
	TYPE_UINT16,
	TYPE_UINT32,
	TYPE_MAP,
	TYPE_INT32,
	TYPE_UINT64,
	TYPE_UINT128,
	TYPE_ARRAY,
	TYPE_CACHE,
	TYPE_END,
	TYPE_BOOLEAN,
	TYPE_FLOAT,
	TYPE_COUNT,
};

static const char short_value[] = "a value reaches over the end of its data";

/* The control bytes of one value. */
struct head {
	enum type type;
	size_t size;   /* bytes, or entries, or where a pointer points */
	size_t offset; /* of what follows the control bytes */
};

int mmdb_data_init(struct mmdb_data *data, const uint8_t *bytes, size_t size)
{
	*data = (struct mmdb_data){.bytes = bytes, .size = size};
	data->budget = (uint64_t)size * DECODES_PER_BYTE + DECODES_SPARE;
	data->seen = calloc(size / 8 + 1, 1);
	return data->seen ? PF_OK : PF_ENOMEM;
}

void mmdb_data_deinit(struct mmdb_data *data)
{
	free(data->seen);
	data->seen = NULL;
}

bool mmdb_data_seen(struct mmdb_data *data, size_t offset)
{
	uint8_t bit = (uint8_t)(1u << (offset % 8)), *byte = &data->seen[offset / 8];
	bool seen = *byte & bit;
	*byte |= bit;
	return seen;
}

/* `count` bytes as one number, high byte first. */
static bool read_number(const struct mmdb_data *data, size_t offset, size_t count, size_t *number)
{
	if (count > data->size || offset > data->size - count)
		return false;
	*number = 0;
	for (size_t i = 0; i < count; i++)
		*number = *number << 8 | data->bytes[offset + i];
	return true;
}

static bool read_pointer(const struct mmdb_data *data, uint8_t control, struct head *head)
{
	static const size_t base[] = {0, 2048, 526336, 0};
	size_t wide = (control >> 3) & 3u, number;
	if (!read_number(data, head->offset, wide + 1, &number))
		return false;
	if (wide < 3)
		number |= (size_t)(control & 7u) << (8 * (wide + 1));
	head->size = number + base[wide];
	head->offset += wide + 1;
	return true;
}

static bool read_head(const struct mmdb_data *data, size_t offset, struct head *head)
{
	static const size_t base[] = {29, 285, 65821};
	size_t control, extended, more;
	if (!read_number(data, offset, 1, &control))
		return false;
	*head = (struct head){control >> 5, control & 31u, offset + 1};
	if (head->type == TYPE_POINTER)
		return read_pointer(data, (uint8_t)control, head);
	if (head->type == TYPE_EXTENDED) {
		if (!read_number(data, head->offset++, 1, &extended))
			return false;
		/* A type that has a short form is no extended one; TYPE_EXTENDED is refused as unknown. */
		head->type = extended && extended < TYPE_COUNT - 7 ? extended + 7 : TYPE_EXTENDED;
	}
	if (head->size < 29)
		return true;
	size_t wide = head->size - 28;
	if (!read_number(data, head->offset, wide, &more))
		return false;
	head->size = more + base[wide - 1];
	head->offset += wide;
	return true;
}

/* Is the size one that the type may have? */
static bool size_fits(const struct head *head)
{
	switch (head->type) {
	case TYPE_DOUBLE: return head->size == 8;
	case TYPE_FLOAT: return head->size == 4;
	case TYPE_UINT16: return head->size <= 2;
	case TYPE_UINT32:
	case TYPE_INT32: return head->size <= 4;
	case TYPE_UINT64: return head->size <= 8;
	case TYPE_UINT128: return head->size <= 16;
	case TYPE_BOOLEAN: return head->size <= 1;
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_MAP:
	case TYPE_ARRAY: return true;
	default: return false;
	}
}

static const char *check_value(struct mmdb_data *data, size_t *offset, unsigned depth);

/* What a pointer points to is checked once, and is no pointer itself. */
static const char *check_target(struct mmdb_data *data, size_t target, unsigned depth)
{
	struct head head;
	if (!read_head(data, target, &head))
		return "a pointer leads out of the data";
	if (head.type == TYPE_POINTER)
		return "a pointer leads to a pointer";
	return mmdb_data_seen(data, target) ? NULL : check_value(data, &target, depth);
}

/* The value at `offset`, or what a pointer there points to. */
static bool read_target(const struct mmdb_data *data, size_t offset, struct head *head)
{
	if (!read_head(data, offset, head))
		return false;
	return head->type != TYPE_POINTER || read_head(data, head->size, head);
}

static bool is_text(const struct mmdb_data *data, size_t offset)
{
	struct head head;
	return read_target(data, offset, &head) && head.type == TYPE_STRING;
}

static const char *check_entries(struct mmdb_data *data, const struct head *head, size_t *offset,
                                 unsigned depth)
{
	const char *fault = NULL;
	*offset = head->offset;
	for (size_t i = 0; i < head->size && !fault; i++) {
		if (head->type == TYPE_MAP) {
			if (!is_text(data, *offset))
				return "a map has a key that is no text";
			fault = check_value(data, offset, depth);
		}
		if (!fault)
			fault = check_value(data, offset, depth);
	}
	return fault;
}

/* Depth is bounded by MMDB_DEPTH_MAX, so this may call itself. `*offset` moves behind the value. */
static const char *check_value(struct mmdb_data *data, size_t *offset, unsigned depth)
{
	struct head head;
	if (!data->budget--) {
		data->budget = 0;
		return "its records refer to each other too often";
	}
	if (depth == MMDB_DEPTH_MAX)
		return "its values are nested too deeply";
	if (!read_head(data, *offset, &head))
		return short_value;
	if (head.type == TYPE_POINTER) {
		*offset = head.offset;
		return check_target(data, head.size, depth + 1);
	}
	if (!size_fits(&head))
		return "a value has a type or size that does not exist";
	if (head.type == TYPE_MAP || head.type == TYPE_ARRAY)
		return check_entries(data, &head, offset, depth + 1);
	if (head.type != TYPE_BOOLEAN) {
		if (head.size > data->size - head.offset)
			return short_value;
		head.offset += head.size;
	}
	*offset = head.offset;
	return NULL;
}

const char *mmdb_data_check(struct mmdb_data *data, size_t offset)
{
	return check_value(data, &offset, 0);
}

bool mmdb_data_is_map(const struct mmdb_data *data, size_t offset)
{
	struct head head;
	return read_head(data, offset, &head) && head.type == TYPE_MAP;
}

static bool is_this_text(const struct mmdb_data *data, size_t offset, const char *text)
{
	struct head head;
	return read_target(data, offset, &head) && head.type == TYPE_STRING &&
	       head.size == strlen(text) && head.size <= data->size - head.offset &&
	       !memcmp(data->bytes + head.offset, text, head.size);
}

static bool are_texts(struct mmdb_data *data, size_t offset)
{
	struct head head;
	if (!read_target(data, offset, &head))
		return false;
	if (head.type != TYPE_MAP && head.type != TYPE_ARRAY)
		return true;
	size_t count = head.type == TYPE_MAP ? head.size * 2 : head.size;
	for (size_t i = 0; i < count; i++)
		if (!is_text(data, head.offset) || check_value(data, &head.offset, 0))
			return false;
	return true;
}

bool mmdb_data_holds_texts(struct mmdb_data *data, size_t map, const char *key)
{
	struct head head;
	if (!read_head(data, map, &head) || head.type != TYPE_MAP)
		return false;
	for (size_t i = 0; i < head.size; i++) {
		bool wanted = is_this_text(data, head.offset, key);
		if (check_value(data, &head.offset, 0))
			return false;
		if (wanted)
			return are_texts(data, head.offset);
		if (check_value(data, &head.offset, 0))
			return false;
	}
	return true;
}
