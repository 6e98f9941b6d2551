/* See image.h. */
#include "unit/geo/image.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

struct image *image_new(unsigned ip_version)
{
	struct image *image = calloc(1, sizeof *image);
	assert(image);
	image->ip_version = ip_version;
	image->record_size = 24;
	image->build_epoch_s = 1780000000; /* 2026-05-28 */
	image->type = "Test";
	image->node_count_lie = -1;
	image->node_count = 1;
	image->nodes[0][0] = image->nodes[0][1] = IMAGE_EMPTY;
	return image;
}

uint32_t image_bytes(struct image *image, const void *bytes, size_t length)
{
	uint32_t offset = (uint32_t)image->length;
	assert(image->length + length <= IMAGE_DATA_MAX);
	memcpy(image->data + image->length, bytes, length);
	image->length += length;
	return offset;
}

/* Types over 7 have a byte of their own; sizes here stay under 285. */
static uint32_t put_head(struct image *image, unsigned type, unsigned size)
{
	uint8_t head[3];
	size_t length = 0;
	assert(size < 285);
	head[length++] = (uint8_t)((type > 7 ? 0 : type << 5) | (size < 29 ? size : 29));
	if (type > 7)
		head[length++] = (uint8_t)(type - 7);
	if (size >= 29)
		head[length++] = (uint8_t)(size - 29);
	return image_bytes(image, head, length);
}

uint32_t image_map(struct image *image, unsigned pairs)
{
	return put_head(image, 7, pairs);
}

uint32_t image_array(struct image *image, unsigned values)
{
	return put_head(image, 11, values);
}

uint32_t image_text(struct image *image, const char *text)
{
	uint32_t offset = put_head(image, 2, (unsigned)strlen(text));
	image_bytes(image, text, strlen(text));
	return offset;
}

static uint32_t put_number(struct image *image, unsigned type, uint64_t number, unsigned size)
{
	uint32_t offset = put_head(image, type, size);
	for (unsigned i = size; i-- > 0;) {
		uint8_t byte = (uint8_t)(number >> (8 * i));
		image_bytes(image, &byte, 1);
	}
	return offset;
}

uint32_t image_uint32(struct image *image, uint32_t number)
{
	return put_number(image, 6, number, 4);
}

uint32_t image_pointer(struct image *image, uint32_t target)
{
	const uint8_t bytes[] = {0x38, (uint8_t)(target >> 24), (uint8_t)(target >> 16),
	                         (uint8_t)(target >> 8), (uint8_t)target};
	return image_bytes(image, bytes, sizeof bytes);
}

uint32_t image_country(struct image *image, const char *code)
{
	uint32_t offset = image_map(image, 1);
	image_text(image, "country_code");
	image_text(image, code);
	return offset;
}

uint32_t image_network(struct image *image, uint32_t asn, const char *name)
{
	uint32_t offset = image_map(image, 2);
	image_text(image, "autonomous_system_number");
	image_uint32(image, asn);
	image_text(image, "autonomous_system_organization");
	image_text(image, name);
	return offset;
}

/* Walks to the record of a prefix; splits what a wider one said. */
static uint32_t *record_of(struct image *image, const char *text)
{
	struct prefix prefix;
	uint8_t bits[16] = {0};
	assert(prefix_parse(text, &prefix) == PF_OK);
	unsigned skip = prefix.addr.family == 4 && image->ip_version == 6 ? 96 : 0;
	memcpy(bits + skip / 8, prefix.addr.bytes, prefix.addr.family == 4 ? 4 : 16);
	uint32_t *record = NULL, node = 0;
	for (unsigned bit = 0; bit < prefix.length + skip; bit++) {
		if (record && (*record == IMAGE_EMPTY || *record & IMAGE_DATA)) {
			assert(image->node_count < IMAGE_NODES_MAX);
			node = image->node_count++;
			image->nodes[node][0] = image->nodes[node][1] = *record;
			*record = node;
		} else if (record) {
			node = *record;
		}
		record = &image->nodes[node][bits[bit / 8] >> (7 - bit % 8) & 1];
	}
	assert(record);
	return record;
}

void image_insert(struct image *image, const char *prefix, uint32_t record)
{
	*record_of(image, prefix) = record;
}

uint32_t image_node_at(struct image *image, const char *prefix)
{
	uint32_t *record = record_of(image, prefix);
	if (*record == IMAGE_EMPTY || *record & IMAGE_DATA) {
		assert(image->node_count < IMAGE_NODES_MAX);
		uint32_t node = image->node_count++;
		image->nodes[node][0] = image->nodes[node][1] = *record;
		*record = node;
	}
	return *record;
}

static uint64_t record_value(const struct image *image, uint32_t record)
{
	if (record == IMAGE_EMPTY)
		return image->node_count;
	return record & IMAGE_DATA ? (uint64_t)image->node_count + 16 + (record & ~IMAGE_DATA) : record;
}

static size_t put_node(const struct image *image, uint32_t i, uint8_t *to)
{
	uint64_t left = record_value(image, image->nodes[i][0]);
	uint64_t right = record_value(image, image->nodes[i][1]);
	size_t size = image->record_size / 8, length = 0;
	for (size_t byte = size; byte-- > 0;)
		to[length++] = (uint8_t)(left >> (8 * byte));
	if (image->record_size == 28) {
		to[length++] = (uint8_t)((left >> 24 & 15) << 4 | (right >> 24 & 15));
	}
	for (size_t byte = size; byte-- > 0;)
		to[length++] = (uint8_t)(right >> (8 * byte));
	return length;
}

static void put_metadata(struct image *image)
{
	static const char marker[] = "\xab\xcd\xefMaxMind.com";
	uint64_t nodes =
		image->node_count_lie < 0 ? image->node_count : (uint64_t)image->node_count_lie;
	image_bytes(image, marker, sizeof marker - 1);
	image_map(image, image->extra ? 10 : 9);
	if (image->extra) {
		image_text(image, image->extra_key ? image->extra_key : "extra");
		image_bytes(image, image->extra, image->extra_length);
	}
	image_text(image, "node_count");
	image_uint32(image, (uint32_t)nodes);
	image_text(image, "record_size");
	put_number(image, 5, image->record_size, 2);
	image_text(image, "ip_version");
	put_number(image, 5, image->ip_version, 2);
	image_text(image, "database_type");
	image_text(image, image->type);
	image_text(image, "languages");
	image_array(image, 0);
	image_text(image, "description");
	image_map(image, 0);
	image_text(image, "binary_format_major_version");
	put_number(image, 5, 2, 2);
	image_text(image, "binary_format_minor_version");
	put_number(image, 5, 0, 2);
	image_text(image, "build_epoch");
	put_number(image, 9, image->build_epoch_s, 8);
}

uint8_t *image_render(const struct image *image, size_t *size)
{
	struct image *copy = malloc(sizeof *copy);
	uint8_t *bytes = malloc(IMAGE_NODES_MAX * 8 + 16 + IMAGE_DATA_MAX);
	assert(copy && bytes);
	*copy = *image;
	put_metadata(copy);
	*size = 0;
	for (uint32_t i = 0; i < image->node_count; i++)
		*size += put_node(image, i, bytes + *size);
	memset(bytes + *size, 0, 16);
	memcpy(bytes + *size + 16, copy->data, copy->length);
	*size += 16 + copy->length;
	free(copy);
	return bytes;
}

void image_write(const struct image *image, const char *path)
{
	size_t size;
	uint8_t *bytes = image_render(image, &size);
	FILE *file = fopen(path, "wb");
	assert(file);
	assert(fwrite(bytes, 1, size, file) == size);
	assert(fclose(file) == 0);
	free(bytes);
}
