/* Private to access/: what lasts, and the file that it stands in. */
#ifndef PF_ACCESS_FILE_H
#define PF_ACCESS_FILE_H

#include "access/sessions.h"

#define PASSWORD_HASH_MAX 128 /* crypto_pwhash_STRBYTES */
#define TOKEN_NAME_MAX 64

struct token {
	char name[TOKEN_NAME_MAX];
	enum access_role role;
	struct secret_hash hash;
	int64_t created_wall_us;
};

struct lasting {
	char passwords[ACCESS_ADMIN + 1][PASSWORD_HASH_MAX]; /* by role; "": none is set */
	size_t token_count;
	struct token tokens[ACCESS_TOKENS_MAX];
};

/* A file that is not there is an empty one. PF_EINVAL, PF_EIO, PF_ENOMEM with a sentence. */
PF_MUST_CHECK int lasting_read(const char *path, struct lasting *lasting, char error[500]);
/* Whole or not at all, mode 0600; written by root it gets the owner of its folder. PF_EIO, PF_ENOMEM with a sentence. */
PF_MUST_CHECK int lasting_write(const char *path, const struct lasting *lasting, char error[500]);
/* May a token be called so? 1 to 63 bytes of a-z, A-Z, 0-9 and "-_. ", not blank at its ends. */
bool token_name_is_good(const char *name);

#endif
