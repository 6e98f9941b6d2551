/* The file of expressions.h. */
#include "lists/expressions.h"

#include <stdlib.h>
#include <string.h>

#define EXPRESSIONS_VERSION 1
static const struct own_kind kind = {"portafilter hs", EXPRESSIONS_VERSION,
                                     EXPRESSIONS_HEADER_BYTES};

struct header {
	struct own_header own;
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

void expressions_stamp(void *bytes, size_t length)
{
	own_file_stamp(bytes, length, &kind);
}

/* ---- reading ------------------------------------------------------------------------------ */

int expressions_read(struct expressions *expressions, const void *bytes, size_t length,
                     char why[OWN_FILE_WHY_MAX])
{
	struct header header;
	expressions->count = 0;
	int error = own_file_check(bytes, length, &kind, why);
	if (error != PF_OK)
		return error;
	memcpy(&header, bytes, sizeof header);
	if (header.count > EXPRESSIONS_PIECES_MAX)
		return own_file_fail(why, PF_EINVAL, "is damaged: a number in it can not be");
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
	return whole;
}

int expressions_write(const char *path, const struct regex_set *set, struct hash_key key,
                      char why[OWN_FILE_WHY_MAX])
{
	struct regex_piece pieces[EXPRESSIONS_PIECES_MAX];
	size_t count, bytes;
	int error = gather(set, pieces, &count, &bytes);
	char *whole = error == PF_OK ? put_together(pieces, count, bytes, key) : NULL;
	if (whole) {
		const struct own_piece rest = {whole + EXPRESSIONS_HEADER_BYTES,
		                               bytes - EXPRESSIONS_HEADER_BYTES};
		error = own_file_write(path, &kind, whole, &rest, 1, why);
	} else if (error == PF_OK) {
		error = PF_ENOMEM;
	}
	free(whole);
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)pieces[i].bytes);
	return error;
}
