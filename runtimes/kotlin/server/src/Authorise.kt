package slipway.server

import java.security.MessageDigest

/** What callers must know. */
internal class Secret(
    private val bytes: ByteArray,
) {
    /** Compares in a time that depends on the length of what was given alone. */
    fun isGiven(value: CharSequence?): Boolean {
        if (value == null) return false
        val given = ByteArray(value.length) { value[it].code.toByte() }
        return MessageDigest.isEqual(given, bytes)
    }
}
