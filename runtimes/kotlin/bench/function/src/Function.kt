import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import slipway.Request
import slipway.Response

fun main(
    req: Request,
    res: Response,
) {
    val name =
        req.payload.jsonObject
            .getValue("name")
            .jsonPrimitive.content
    res.json(mapOf("message" to "Hello $name"))
}
