package slipway

import java.nio.CharBuffer
import java.nio.charset.CodingErrorAction

private val Replacement = "\uFFFD".toByteArray()

/** The text in UTF-8. Half a character, which UTF-8 has no bytes for, becomes U+FFFD, not a question mark. */
fun utf8(text: String): ByteArray {
    if (text.none { it.isSurrogate() }) return text.toByteArray()
    val encoder =
        Charsets.UTF_8
            .newEncoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .replaceWith(Replacement)
    val bytes = encoder.encode(CharBuffer.wrap(text))
    return ByteArray(bytes.remaining()).also(bytes::get)
}
