/* Which build of the program this is: for files that only the code which wrote them may read. */
#ifndef PF_BASE_BUILD_H
#define PF_BASE_BUILD_H

#include <stdint.h>

#define BUILD_ID_BYTES 32

/* The linker's build id of the running program, filled up with zeros; two programs have the same only when all of
 * their code is the same. All zero when it was linked without one. */
void build_id(uint8_t id[BUILD_ID_BYTES]);

#endif
