/* Pseudonyms of privacy.h, and their key's file. */
#include "journal/privacy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#define KEY_DIGITS 32
#define CLIENT_PREFIX 0xfd /* of a unique local address (RFC 4193) */

/* ---- SipHash-2-4 (Aumasson and Bernstein, 2012) ------------------------------------------ */

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static void sip_rounds(struct sip *sip, int count)
{
	while (count--) {
		sip->v0 += sip->v1;
		sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
		sip->v0 = rotate(sip->v0, 32);
		sip->v2 += sip->v3;
		sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
		sip->v0 += sip->v3;
		sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
		sip->v2 += sip->v1;
		sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
		sip->v2 = rotate(sip->v2, 32);
	}
}

static uint64_t read_word(const uint8_t *bytes, size_t count)
{
	uint64_t word = 0;
	for (size_t i = 0; i < count; i++)
		word |= (uint64_t)bytes[i] << 8 * i;
	return word;
}

static void sip_add(struct sip *sip, uint64_t word)
{
	sip->v3 ^= word;
	sip_rounds(sip, 2);
	sip->v0 ^= word;
}

uint64_t privacy_hash(const struct privacy_key *key, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	struct sip sip = {key->words[0] ^ UINT64_C(0x736f6d6570736575),
	                  key->words[1] ^ UINT64_C(0x646f72616e646f6d),
	                  key->words[0] ^ UINT64_C(0x6c7967656e657261),
	                  key->words[1] ^ UINT64_C(0x7465646279746573)};
	size_t at = 0;
	for (; length - at >= 8; at += 8)
		sip_add(&sip, read_word(bytes + at, 8));
	sip_add(&sip, read_word(bytes + at, length - at) | (uint64_t)length << 56);
	sip.v2 ^= 0xff;
	sip_rounds(&sip, 4);
	return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

/* ---- masks ------------------------------------------------------------------------------- */

void privacy_mask(const struct privacy_key *key, const char *device_id, struct privacy_mask *mask)
{
	unsigned long long hash = privacy_hash(key, device_id, strlen(device_id));
	snprintf(mask->id, sizeof mask->id, "pseudonym:%016llx", hash);
	snprintf(mask->name, sizeof mask->name, "device-%016llx", hash);
}

static struct addr hide_client(const struct privacy_key *key, const struct addr *client)
{
	struct addr hidden = {.family = 6, .bytes = {CLIENT_PREFIX}};
	uint8_t text[1 + sizeof *client] = {'c'};
	memcpy(text + 1, client, sizeof *client);
	uint64_t hash = privacy_hash(key, text, sizeof text);
	memcpy(hidden.bytes + sizeof hidden.bytes - sizeof hash, &hash, sizeof hash);
	return hidden;
}

void privacy_hide(const struct privacy_key *key, struct record *record, struct privacy_mask *mask)
{
	privacy_mask(key, record->device_id, mask);
	record->device_id = mask->id;
	record->device_name = mask->name;
	record->client = hide_client(key, &record->client);
}

void privacy_hide_change(const struct privacy_key *key, struct device_change *change)
{
	struct privacy_mask from, into;
	privacy_mask(key, change->from, &from);
	privacy_mask(key, change->into, &into);
	memcpy(change->from, from.id, sizeof change->from);
	memcpy(change->into, into.id, sizeof change->into);
	memcpy(change->into_name, into.name, sizeof change->into_name);
	change->why[0] = '\0';
}

/* ---- the key ----------------------------------------------------------------------------- */

static int make_key(const char *path, const struct privacy_key *key)
{
	char text[KEY_DIGITS + 2];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return PF_EIO;
	int length = snprintf(text, sizeof text, "%016llx%016llx\n", (unsigned long long)key->words[0],
	                      (unsigned long long)key->words[1]);
	bool whole = write(fd, text, (size_t)length) == length && !fsync(fd);
	whole = !close(fd) && whole;
	if (whole)
		return PF_OK;
	unlink(path); /* half a key would be refused at the next start */
	return PF_EIO;
}

static int parse_key(const char text[KEY_DIGITS], struct privacy_key *key)
{
	struct privacy_key read = {{0, 0}};
	for (size_t i = 0; i < KEY_DIGITS; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, text[i], sizeof digits - 1);
		if (!digit)
			return PF_EINVAL;
		read.words[i / 16] = read.words[i / 16] << 4 | (uint64_t)(digit - digits);
	}
	*key = read;
	return PF_OK;
}

int privacy_key_load(const char *path, struct privacy_key *key, char *error, size_t error_size)
{
	char text[KEY_DIGITS + 2];
	random_bytes(key, sizeof *key);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make_key(path, key) == PF_OK)
		return PF_OK;
	if (fd < 0) {
		snprintf(error, error_size, "The key of the pseudonyms can not be kept in %s: %s.", path,
		         strerror(errno));
		return PF_EIO;
	}
	ssize_t length = read(fd, text, sizeof text);
	close(fd);
	bool sized = length == KEY_DIGITS || (length == KEY_DIGITS + 1 && text[KEY_DIGITS] == '\n');
	if (sized && parse_key(text, key) == PF_OK)
		return PF_OK;
	snprintf(error, error_size, "%s holds no key of pseudonyms (%d hex digits); remove it.", path,
	         KEY_DIGITS);
	return PF_EINVAL;
}
