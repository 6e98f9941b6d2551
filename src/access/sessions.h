/* Private to access/: secrets that are shown once and kept as hashes, and the sessions of browsers. */
#ifndef PF_ACCESS_SESSIONS_H
#define PF_ACCESS_SESSIONS_H

#include "access/access.h"

#define SECRET_BYTES 32 /* of chance: nobody guesses it, so that a plain hash of it will do */
#define SECRET_HASH_BYTES 32

struct secret_hash {
	unsigned char bytes[SECRET_HASH_BYTES];
};

/* A new one: `prefix` and base64url. */
void secret_make(const char *prefix, char text[ACCESS_SECRET_TEXT_MAX]);
struct secret_hash secret_hash(const char *text);
/* Takes as long whether they are equal or not. */
bool secret_hash_equal(const struct secret_hash *a, const struct secret_hash *b);

struct session {
	struct secret_hash hash;
	enum access_role role; /* ACCESS_NOBODY: free */
	int64_t expires_us;    /* on the clock that nobody sets */
	int64_t expires_wall_us;
};

struct sessions {
	struct session list[ACCESS_SESSIONS_MAX];
};

void sessions_add(struct sessions *sessions, enum access_role role, struct now now,
                  int64_t length_us, struct access_login *login);
/* NULL: there is none, or it has ended. */
struct session *sessions_find(struct sessions *sessions, const char *text, struct now now);
void sessions_end(struct sessions *sessions, enum access_role role);

#endif
