package slipway.server

import io.netty.handler.codec.http.DefaultHttpHeaders
import kotlin.test.Test
import kotlin.test.assertEquals

internal class RawTest {
    @Test
    fun `only the function's own headers pass`() {
        val received =
            DefaultHttpHeaders()
                .add("X-Runtime-Secret", "s")
                .add("Connection", "x-private, keep-alive")
                .add("X-Private", "1")
                .add("te", "trailers")
                .add("X-Many", "one")
                .add("x-many", "two")
                .add("cookie", "a=1")
                .add("cookie", "b=2")
        assertEquals(mapOf("x-many" to "one, two", "cookie" to "a=1; b=2"), Raw.headers(received).toMap())
    }

    @Test
    fun `a target is cut at the first question mark`() {
        val targets =
            mapOf(
                "/a?b?c" to ("/a" to "b?c"),
                "/" to ("/" to ""),
                "http://host:1/a?b" to ("/a" to "b"),
                "http://host" to ("/" to ""),
                "http://host?b" to ("/" to "b"),
                "*" to ("*" to ""),
            )
        for ((target, wanted) in targets) assertEquals(wanted, Target(target).let { it.path to it.query }, target)
    }

    @Test
    fun `values are decoded once and in order`() {
        val query = Query.parse("a=1&b=x%20y&a=2&c&d=p+q&%C3%A9=%E2%82%AC&e=1=2&&f=%2525&g=100%&h=%zz&i=%4&j=%ff")
        val wanted =
            mapOf(
                "a" to listOf("1", "2"),
                "b" to listOf("x y"),
                "c" to listOf(""),
                "d" to listOf("p q"),
                "é" to listOf("€"),
                "e" to listOf("1=2"),
                "f" to listOf("%25"),
                "g" to listOf("100%"),
                "h" to listOf("%zz"),
                "i" to listOf("%4"),
                "j" to listOf("\ufffd"),
            )
        assertEquals(wanted, query.toMap())
    }
}
