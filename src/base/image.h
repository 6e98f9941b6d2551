/* The process as its files made it: code and constants of the program and of its libraries, which stand in memory once for all
 * programs that use them. */
#ifndef PF_BASE_IMAGE_H
#define PF_BASE_IMAGE_H

/* Takes the pages of code and constants off this process that it has read so far. What is used again comes back by itself, sixteen pages
 * at a time, from the kernel's copy of the file: for who has just started, or done what is not done often, so that what only that
 * needed does not stay. What was ever written (data, and what the linker has filled in) is left alone, and so is what is locked.
 * Other threads may run meanwhile. */
void image_rest(void);

#endif
