// Streams a chat's text to standard output:  chat HOST MODEL PROMPT
#include <stdio.h>
#include <tokenwire.h>

int main(int argc, char **argv) {
    if (argc != 4) return fputs("usage: chat HOST MODEL PROMPT\n", stderr), 2;
    tw_error error;
    tw_record record;
    int next = -1;
    tw_client *client = tw_client_open(argv[1], NULL, &error);
    tw_stream *stream = client ? tw_chat(client, argv[2], argv[3], NULL, &error) : NULL;
    while (stream && (next = tw_stream_next(stream, &record, &error)) == 1) {
        fwrite(record.content, 1, record.content_bytes, stdout);
        fflush(stdout);
    }
    tw_stream_close(stream);
    tw_client_close(client);
    if (next < 0) fprintf(stderr, "chat: %s\n", error.message);
    return next < 0 || ferror(stdout) ? 1 : 0;
}
