/* Bytes that grow at the end and are taken from the front. A zeroed Buffer is an empty one. */
#ifndef BUFFER_H
#define BUFFER_H

#include <stddef.h>

typedef struct {
    char *data;
    size_t length, capacity;
} Buffer;

void buffer_append(Buffer *buffer, const char *bytes, size_t length);
void buffer_drop(Buffer *buffer, size_t length);
void buffer_free(Buffer *buffer);

/* Zeroed memory. Like the rest here it ends the program when there is none left: a benchmark cannot go on. */
void *allocate(size_t count, size_t size);

#endif
