/* The file of expressions.h. */
#include "lists/expressions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/build.h"
#include "base/replace.h"

#define EXPRESSIONS_VERSION 1
#define BYTE_ORDER_MARK 0x01020304u

static const char magic[16] = "portafilter hs";

struct header {
	char magic[16];
	uint32_t version, byte_order;
	uint8_t build[BUILD_ID_BYTES];
	uint64_t checksum[2]; /* of the whole file with this zeroed */
	uint64_t key, count;
};
_Static_assert(sizeof(struct header) <= EXPRESSIONS_HEADER_BYTES, "the pieces begin behind it");

struct piece_header {
	uint64_t digest[2], length;
};

static size_t padded(size_t length)
{
	return (length + 7) / 8 * 8;
}

static void fill_constants(struct header *header)
{
	memcpy(header->magic, magic, sizeof magic);
	header->version = EXPRESSIONS_VERSION;
	header->byte_order = BYTE_ORDER_MARK;
	build_id(header->build);
}

static void take_checksum(const void *bytes, size_t length, uint64_t sum[2])
{
	own_file_checksum(bytes, length, offsetof(struct header, checksum), EXPRESSIONS_VERSION, sum);
}

void expressions_stamp(void *bytes, size_t length)
{
	struct header header;
	memcpy(&header, bytes, sizeof header);
	fill_constants(&header);
	memcpy(bytes, &header, sizeof header);
	take_checksum(bytes, length, header.checksum);
	memcpy(bytes, &header, sizeof header);
}

/* ---- reading ------------------------------------------------------------------------------ */

static const char *header_fault(const struct header *header, const void *bytes, size_t length)
{
	struct header right;
	uint64_t sum[2];
	fill_constants(&right);
	if (memcmp(header->magic, right.magic, sizeof right.magic) != 0)
		return "is something else";
	if (header->version != right.version || header->byte_order != right.byte_order ||
	    memcmp(header->build, right.build, sizeof right.build) != 0)
		return "is of another version of portafilter";
	take_checksum(bytes, length, sum);
	if (memcmp(sum, header->checksum, sizeof sum) != 0)
		return "is damaged: its checksum is wrong";
	return header->count > EXPRESSIONS_PIECES_MAX ? "is damaged: a number in it can not be" : NULL;
}

int expressions_read(struct expressions *expressions, const void *bytes, size_t length,
                     char why[OWN_FILE_WHY_MAX])
{
	struct header header;
	expressions->count = 0;
	if (length < EXPRESSIONS_HEADER_BYTES)
		return own_file_fail(why, PF_EINVAL, "is damaged: it is too short");
	memcpy(&header, bytes, sizeof header);
	const char *fault = header_fault(&header, bytes, length);
	if (fault)
		return own_file_fail(why, PF_EINVAL, fault);
	const char *at = (const char *)bytes + EXPRESSIONS_HEADER_BYTES;
	size_t left = length - EXPRESSIONS_HEADER_BYTES;
	for (size_t i = 0; i < header.count; i++) {
		struct piece_header piece;
		if (left < sizeof piece)
			break;
		memcpy(&piece, at, sizeof piece);
		at += sizeof piece;
		left -= sizeof piece;
		if (piece.length > left || padded(piece.length) > left)
			break;
		struct regex_piece *to = &expressions->pieces[expressions->count++];
		*to = (struct regex_piece){{piece.digest[0], piece.digest[1]}, at, piece.length};
		at += padded(piece.length);
		left -= padded(piece.length);
	}
	expressions->key.seed = header.key;
	if (expressions->count == header.count && !left)
		return PF_OK;
	expressions->count = 0;
	return own_file_fail(why, PF_EINVAL, "is damaged: its parts do not fit");
}

int expressions_open(struct expressions *expressions, const char *path, char why[OWN_FILE_WHY_MAX])
{
	expressions->count = 0;
	int error = own_file_map(&expressions->file, path, EXPRESSIONS_HEADER_BYTES, why);
	if (error != PF_OK)
		return error;
	return expressions_read(expressions, expressions->file.bytes, expressions->file.length, why);
}

void expressions_close(struct expressions *expressions)
{
	own_file_unmap(&expressions->file);
	expressions->count = 0;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* The pieces of a set, each owned, and the whole file made of them. PF_OK or PF_ENOMEM. */
static int gather(const struct regex_set *set, struct regex_piece pieces[EXPRESSIONS_PIECES_MAX],
                  size_t *count, size_t *bytes)
{
	*bytes = EXPRESSIONS_HEADER_BYTES;
	for (*count = 0; *count < regex_set_pieces(set) && *count < EXPRESSIONS_PIECES_MAX; ++*count) {
		if (regex_set_piece(set, *count, &pieces[*count]) != PF_OK)
			return PF_ENOMEM;
		*bytes += sizeof(struct piece_header) + padded(pieces[*count].length);
	}
	return PF_OK;
}

static char *put_together(const struct regex_piece *pieces, size_t count, size_t bytes,
                          struct hash_key key)
{
	const struct header header = {.key = key.seed, .count = count};
	char *whole = calloc(1, bytes), *at = whole;
	if (!whole)
		return NULL;
	memcpy(at, &header, sizeof header);
	at += EXPRESSIONS_HEADER_BYTES;
	for (size_t i = 0; i < count; i++) {
		const struct piece_header piece = {{pieces[i].digest[0], pieces[i].digest[1]},
		                                   pieces[i].length};
		memcpy(at, &piece, sizeof piece);
		memcpy(at + sizeof piece, pieces[i].bytes, pieces[i].length);
		at += sizeof piece + padded(pieces[i].length);
	}
	expressions_stamp(whole, bytes);
	return whole;
}

static int put_in_place(const char *path, const char *bytes, size_t length,
                        char why[OWN_FILE_WHY_MAX])
{
	struct replacement file;
	int error = replace_begin(&file, path, 0600, UINT64_MAX);
	if (error == PF_OK)
		error = replace_write(&file, bytes, length);
	if (error == PF_OK)
		error = replace_commit(&file, REPLACE_UNSYNCED);
	if (error == PF_OK)
		return PF_OK;
	replace_abort(&file);
	return own_file_fail(why, PF_EIO, strerror(errno));
}

int expressions_write(const char *path, const struct regex_set *set, struct hash_key key,
                      char why[OWN_FILE_WHY_MAX])
{
	struct regex_piece pieces[EXPRESSIONS_PIECES_MAX];
	size_t count, bytes;
	int error = gather(set, pieces, &count, &bytes);
	char *whole = error == PF_OK ? put_together(pieces, count, bytes, key) : NULL;
	if (error == PF_OK)
		error = whole ? put_in_place(path, whole, bytes, why) : PF_ENOMEM;
	free(whole);
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)pieces[i].bytes);
	return error;
}
