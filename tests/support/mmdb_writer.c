/* The writer of mmdb_writer.h: a tree of 24-bit records in an IPv6 address space, records one after the other. */
#include "support/mmdb_writer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

#define NODES_MAX 20000
#define DATA_MAX 65536
#define NONE UINT32_MAX
#define IS_DATA 0x80000000u

struct writer {
	uint32_t nodes[NODES_MAX][2]; /* a node, IS_DATA | offset, or NONE */
	uint32_t node_count;
	uint8_t data[DATA_MAX];
	size_t length;
};

/* Control byte and, for lengths over 28, the rest of it. Types over 7 have a byte of their own. */
static void put_type(struct writer *w, unsigned type, size_t size)
{
	assert(size < 28 && w->length + 2 + size < DATA_MAX);
	w->data[w->length++] = (uint8_t)((type > 7 ? 0 : type << 5) | size);
	if (type > 7)
		w->data[w->length++] = (uint8_t)(type - 7);
}

static void put_text(struct writer *w, const char *text)
{
	put_type(w, 2, strlen(text));
	memcpy(w->data + w->length, text, strlen(text));
	w->length += strlen(text);
}

static void put_number(struct writer *w, unsigned type, uint64_t number, size_t size)
{
	put_type(w, type, size);
	for (size_t i = size; i > 0; i--)
		w->data[w->length++] = (uint8_t)(number >> (8 * (i - 1)));
}

static uint32_t put_record(struct writer *w, enum mmdb_shape shape, const char *code)
{
	uint32_t offset = (uint32_t)w->length;
	static const char *const keys[] = {"country_code", "country", "registered_country", "country",
	                                   "asn"};
	bool nested = shape == MMDB_NESTED || shape == MMDB_REGISTERED;
	put_type(w, 7, 1);
	put_text(w, keys[shape]);
	if (nested) {
		put_type(w, 7, 1);
		put_text(w, "iso_code");
	}
	put_text(w, code);
	return offset;
}

static void insert(struct writer *w, const struct prefix *prefix, uint32_t value)
{
	uint8_t bytes[16] = {0};
	unsigned skip = prefix->addr.family == 4 ? 96 : 0, length = prefix->length + skip;
	memcpy(bytes + skip / 8, prefix->addr.bytes, 16 - skip / 8);
	uint32_t node = 0;
	for (unsigned bit = 0; bit < length; bit++) {
		unsigned side = bytes[bit / 8] >> (7 - bit % 8) & 1;
		uint32_t *slot = &w->nodes[node][side];
		if (bit + 1 == length) {
			*slot = IS_DATA | value;
			return;
		}
		if (*slot == NONE || *slot & IS_DATA) {
			uint32_t old =
				*slot; /* what a wider prefix said goes on to hold beside the narrower one */
			assert(w->node_count < NODES_MAX);
			*slot = w->node_count++;
			w->nodes[*slot][0] = w->nodes[*slot][1] = old;
		}
		node = *slot;
	}
}

static void put_tree(struct writer *w, FILE *file)
{
	for (uint32_t i = 0; i < w->node_count; i++) {
		for (int side = 0; side < 2; side++) {
			uint32_t slot = w->nodes[i][side], value = slot;
			if (slot == NONE)
				value = w->node_count;
			else if (slot & IS_DATA)
				value = w->node_count + 16 + (slot & ~IS_DATA);
			uint8_t bytes[3] = {(uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
			assert(fwrite(bytes, 1, 3, file) == 3);
		}
	}
}

static void put_metadata(struct writer *w, const char *type, uint64_t build_epoch_s)
{
	static const uint8_t marker[] = "\xab\xcd\xefMaxMind.com";
	memcpy(w->data + w->length, marker, sizeof marker - 1);
	w->length += sizeof marker - 1;
	put_type(w, 7, 9);
	put_text(w, "node_count");
	put_number(w, 6, w->node_count, 4);
	put_text(w, "record_size");
	put_number(w, 5, 24, 2);
	put_text(w, "ip_version");
	put_number(w, 5, 6, 2);
	put_text(w, "database_type");
	put_text(w, type);
	put_text(w, "languages");
	put_type(w, 11, 0);
	put_text(w, "description");
	put_type(w, 7, 0);
	put_text(w, "binary_format_major_version");
	put_number(w, 5, 2, 2);
	put_text(w, "binary_format_minor_version");
	put_number(w, 5, 0, 2);
	put_text(w, "build_epoch");
	put_number(w, 9, build_epoch_s, 8);
}

void mmdb_write(const char *path, const char *type, uint64_t build_epoch_s, enum mmdb_shape shape,
                const char *const *lines, unsigned count)
{
	struct writer *w = calloc(1, sizeof *w);
	FILE *file = fopen(path, "wb");
	assert(w && file);
	w->node_count = 1;
	w->nodes[0][0] = w->nodes[0][1] = NONE;
	for (unsigned i = 0; i < count; i++) {
		char text[PREFIX_TEXT_MAX], code[8];
		struct prefix prefix;
		assert(sscanf(lines[i], "%49s %7s", text, code) == 2);
		assert(prefix_parse(text, &prefix) == PF_OK);
		insert(w, &prefix, put_record(w, shape, code));
	}
	put_metadata(w, type, build_epoch_s);
	static const uint8_t divider[16];
	put_tree(w, file);
	assert(fwrite(divider, 1, sizeof divider, file) == sizeof divider);
	assert(fwrite(w->data, 1, w->length, file) == w->length);
	assert(fclose(file) == 0);
	free(w);
}
