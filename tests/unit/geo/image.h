/* Builds mmdb files byte by byte, whole or broken on purpose: any tree, any data, any metadata. */
#ifndef PF_TEST_GEO_IMAGE_H
#define PF_TEST_GEO_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#define IMAGE_NODES_MAX 1024
#define IMAGE_DATA_MAX 262144
#define IMAGE_EMPTY UINT32_MAX
#define IMAGE_DATA 0x80000000u /* with the offset of a value */

struct image {
	/* metadata; set by image_init, free to change */
	unsigned ip_version, record_size;
	uint64_t build_epoch_s;
	const char *type;
	int64_t node_count_lie; /* -1: the true one */
	const uint8_t *extra;   /* a value that stands first in the metadata, under the key "extra" */
	const char
		*extra_key; /* or under this one; what comes later under the same key counts no more */
	size_t extra_length;
	/* the tree: a node, IMAGE_DATA | offset, or IMAGE_EMPTY; node 0 is the root */
	uint32_t nodes[IMAGE_NODES_MAX][2];
	uint32_t node_count;
	/* the data section */
	uint8_t data[IMAGE_DATA_MAX];
	size_t length;
};

struct image *image_new(unsigned ip_version); /* with an empty root; never NULL */

/* Values, appended to the data; each returns its offset. A map is its head and then keys and values. */
uint32_t image_map(struct image *image, unsigned pairs);
uint32_t image_array(struct image *image, unsigned values);
uint32_t image_text(struct image *image, const char *text);
uint32_t image_uint32(struct image *image, uint32_t number);
uint32_t image_pointer(struct image *image, uint32_t target); /* always four bytes wide */
uint32_t image_bytes(struct image *image, const void *bytes, size_t length);
/* {"country_code": code} */
uint32_t image_country(struct image *image, const char *code);
/* {"autonomous_system_number": asn, "autonomous_system_organization": name} */
uint32_t image_network(struct image *image, uint32_t asn, const char *name);

/* Puts `record` where a prefix ("9.0.0.0/8") ends; IPv4 goes to ::/96 of an IPv6 tree. */
void image_insert(struct image *image, const char *prefix, uint32_t record);
/* The node that stands at the prefix, made when there is none. */
uint32_t image_node_at(struct image *image, const char *prefix);

/* The file's bytes; owned by the caller. */
uint8_t *image_render(const struct image *image, size_t *size);
void image_write(const struct image *image, const char *path);

#endif
