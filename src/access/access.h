/* Who may look and who may change: a password for each role, sessions of browsers, tokens of programs. What lasts stands in one
 * file of mode 0600 in the state folder: passwords as argon2id, tokens as hashes, so that who reads it can log in with nothing
 * of it. Sessions are in memory and end with the daemon. All functions may be called from any thread. */
#ifndef PF_ACCESS_ACCESS_H
#define PF_ACCESS_ACCESS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/error.h"

#define ACCESS_SECRET_TEXT_MAX \
	48 /* of a session or a token, NUL included: "pf_" and 43 characters of base64url */
#define ACCESS_PASSWORD_BYTES_MIN 8
#define ACCESS_PASSWORD_BYTES_MAX 256
#define ACCESS_TOKENS_MAX 64
#define ACCESS_SESSIONS_MAX 64 /* of a household's browsers; the one that ends first makes room */
#define ACCESS_FILE "web.json" /* in the state folder */

/* An admin may do whatever a viewer may. */
enum access_role { ACCESS_NOBODY, ACCESS_VIEWER, ACCESS_ADMIN };
/* "viewer", "admin"; NULL for nobody. */
const char *access_role_word(enum access_role role);
/* ACCESS_NOBODY: there is no such role. */
enum access_role access_role_parse(const char *word);

struct access_options {
	const char *path;          /* of the file, which need not be there */
	int64_t session_us;        /* how long a login lasts */
	unsigned long long passes; /* of argon2id; 0: as for people */
	size_t memory_bytes;       /* likewise */
};

struct access;
/* Reads the file. PF_EINVAL (it can not be understood; it is left as it is), PF_EIO, PF_ENOMEM with a sentence. */
PF_MUST_CHECK int access_open(const struct access_options *options, struct access **out,
                              char error[500]);
void access_close(struct access **access);

/* ---- passwords */

bool access_has_password(struct access *access, enum access_role role);
/* Sets it, and ends all sessions of that role; "" takes the viewer's away. Written before it counts. PF_EINVAL (too short, too
 * long), PF_EIO, PF_ENOMEM with a sentence. */
PF_MUST_CHECK int access_set_password(struct access *access, enum access_role role,
                                      const char *password, char error[500]);

/* ---- sessions */

struct access_login {
	enum access_role role;
	char session[ACCESS_SECRET_TEXT_MAX];
	int64_t expires_wall_us;
	int wait_s; /* with PF_EFULL: when to try again */
};
/* PF_OK; PF_EINVAL (that is no password), PF_EFULL (too many attempts from there, or from everywhere), PF_ENOENT (none is set),
 * PF_ENOMEM, each with a sentence. One password is tried at a time, for it takes much memory. */
PF_MUST_CHECK int access_login(struct access *access, const struct addr *from, const char *password,
                               struct now now, struct access_login *login, char error[500]);
/* Whose session is it? ACCESS_NOBODY: nobody's, or it has ended. `expires_wall_us` may be NULL. */
enum access_role access_session(struct access *access, const char *session, struct now now,
                                int64_t *expires_wall_us);
void access_logout(struct access *access, const char *session);

/* ---- tokens */

/* Makes one; `token` is told this once. PF_EINVAL (the name), PF_EFULL, PF_ECONFLICT (the name is taken), PF_EIO, PF_ENOMEM. */
PF_MUST_CHECK int access_token_new(struct access *access, const char *name, enum access_role role,
                                   struct now now, char token[ACCESS_SECRET_TEXT_MAX],
                                   char error[500]);
/* PF_ENOENT, PF_EIO, PF_ENOMEM. */
PF_MUST_CHECK int access_token_revoke(struct access *access, const char *name, char error[500]);
/* [{"name", "role", "created"}, …]; a new reference, NULL without memory. */
json_t *access_tokens(struct access *access);
enum access_role access_token(struct access *access, const char *token);

#endif
