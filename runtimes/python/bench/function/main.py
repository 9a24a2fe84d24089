"""What `slipway bench` measures."""

from slipway import Request, Response


def main(req: Request, res: Response) -> None:
    res.json({"message": f"Hello {req.payload['name']}"})
