/* Sessions in a small table: it is walked for each request, and never shows where it found one. */
#include "access/sessions.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

void secret_make(const char *prefix, char text[ACCESS_SECRET_TEXT_MAX])
{
	unsigned char chance[SECRET_BYTES];
	randombytes_buf(chance, sizeof chance);
	int used = snprintf(text, ACCESS_SECRET_TEXT_MAX, "%s", prefix);
	sodium_bin2base64(text + used, ACCESS_SECRET_TEXT_MAX - (size_t)used, chance, sizeof chance,
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(chance, sizeof chance);
}

struct secret_hash secret_hash(const char *text)
{
	struct secret_hash hash;
	crypto_generichash(hash.bytes, sizeof hash.bytes, (const unsigned char *)text, strlen(text),
	                   NULL, 0);
	return hash;
}

bool secret_hash_equal(const struct secret_hash *a, const struct secret_hash *b)
{
	return !sodium_memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

void sessions_add(struct sessions *sessions, enum access_role role, struct now now,
                  int64_t length_us, struct access_login *login)
{
	struct session *place = &sessions->list[0];
	for (size_t i = 0; i < ACCESS_SESSIONS_MAX && place->role != ACCESS_NOBODY; i++) {
		struct session *session = &sessions->list[i];
		if (session->role == ACCESS_NOBODY || session->expires_us < place->expires_us)
			place = session;
	}
	secret_make("", login->session);
	*place = (struct session){secret_hash(login->session), role, now.mono_us + length_us,
	                          now.wall_us + length_us};
	login->role = role;
	login->expires_wall_us = place->expires_wall_us;
}

struct session *sessions_find(struct sessions *sessions, const char *text, struct now now)
{
	struct secret_hash hash = secret_hash(text);
	struct session *found = NULL;
	for (size_t i = 0; i < ACCESS_SESSIONS_MAX; i++) {
		struct session *session = &sessions->list[i];
		if (session->role != ACCESS_NOBODY && session->expires_us <= now.mono_us)
			*session = (struct session){0};
		if (session->role != ACCESS_NOBODY && secret_hash_equal(&session->hash, &hash))
			found = session;
	}
	return found;
}

void sessions_end(struct sessions *sessions, enum access_role role)
{
	for (size_t i = 0; i < ACCESS_SESSIONS_MAX; i++)
		if (sessions->list[i].role == role)
			sessions->list[i] = (struct session){0};
}
